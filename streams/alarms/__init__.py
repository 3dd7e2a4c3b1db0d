"""The rules over metrics: what fell beyond chance, and what stopped coming."""
