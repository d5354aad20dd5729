"""A frame with one row a person goes in; doubly robust effects leave, with how alike weighting makes the two arms.

``people`` are who is compared and what is known of them before. ``nuisances`` predict, for each person by models fitted
to others, the chance of being treated and the outcome if not. ``overlap`` leaves out whom nobody is like. ``treated``
is the effect on treated people by our own code; ``everybody`` the average over both arms by EconML. ``balance`` holds
the two arms side by side before and after weighting. ``panel`` makes the frame of a wide panel.
"""
