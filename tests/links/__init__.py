"""TLS, SASL and permissions: from the settings to a real broker that asks for them."""
