"""Production's dialect: several streams a job, rows as ready bytes, ports and windows that come again by themselves."""
