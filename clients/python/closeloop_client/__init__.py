"""Client for apps that emit touchpoints and survey responses to closeloop."""
