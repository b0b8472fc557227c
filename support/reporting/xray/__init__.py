"""The results of a run for Xray, the management of tests in Jira."""
