"""The demo: a simulated shop whose customers' journeys make the loop move."""
