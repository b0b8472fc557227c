"""The story's dialect: one stream a job, rows of sensors, a health call, jobs that can be cancelled."""
