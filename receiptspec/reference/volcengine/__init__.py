"""Volcengine's face: the IM actions of ``rtc`` 2020-12-01 that set up and ask for receipts."""
