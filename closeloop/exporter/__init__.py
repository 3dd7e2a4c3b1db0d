"""``closeloop export``: metrics, answers and cases from the API into CSV, JSON or Parquet files."""
