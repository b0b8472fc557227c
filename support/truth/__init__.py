"""The oracle: what each row of a historic stream must hold, computed from the recording alone.

It knows arrays and numbers: no client, no behave, and nothing of the simulator.
"""
