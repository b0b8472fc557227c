"""What stands between this machine and a verdict, and what to do about it: before a run, without one."""
