"""`make fuzz`: run the readers of archives, receipts and headers on damaged input."""
