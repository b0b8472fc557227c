"""What a run leaves for people to read: Allure results that tell the truth, tables, pictures, and an HTML page.

Reporting is told what happened; nothing asks it.
"""
