"""Read files as tables: delimited text in any encoding, JSON, Excel, Parquet, archives, datasets of the Hugging Face hub."""
