"""What should hold for every loss, tried on random data from the domains of its roles.

============== ====================================================================
``draws``      random data, and the edges of the domains
``subject``    the loss under trial: what it costs these rows
``smallest``   from an input that fails to a small one that does
``verify``     the laws, one after the other
============== ====================================================================
"""
