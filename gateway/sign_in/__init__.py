"""How a browser signs in: with an API key, or as a person at the company's identity provider (OpenID Connect).

``return_paths`` says where it goes on, ``identity_provider`` asks the provider, ``id_tokens`` says whether its word is
good, ``people`` who that makes somebody here; ``pending`` are the sign-ins under way, ``sessions`` the browsers that
are in. Decision 16 says why it is made so.
"""
