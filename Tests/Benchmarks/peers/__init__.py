"""What weir is measured against."""
