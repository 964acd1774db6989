"""`make fuzz`: damaged archives, receipts and headers for whoever reads them."""
