"""What tasks reach: functions, other executions, activities, AWS's services, HTTP, objects of a Map."""
