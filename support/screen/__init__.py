"""What an operator has open: a job, its window, many windows, and what is streamed into them."""
