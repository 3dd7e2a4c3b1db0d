"""The contract as a page: the messages, topics and requests of the generated documents, as a person reads them."""
