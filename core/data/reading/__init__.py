"""Files to tables: encodings, delimited text, JSON, Excel, Parquet, archives, the hub."""
