"""Stage files: Parquet with the study and its provenance inside, written whole or not at all."""
