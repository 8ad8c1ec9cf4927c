"""receiptspec: does an implementation of a read-receipt API keep the documented contract?"""

__version__ = "0.1.0"
