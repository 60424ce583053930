"""What the daemon does when `scheduler.py` says so, what it watches over, and what others see of it.

`work` has a method for each job, `jobs` runs them and knows which of them is overdue, `watching` is the main thread's
part. `shown` is what the server, a load balancer or Prometheus may ask; `server` is how they ask it.
"""
