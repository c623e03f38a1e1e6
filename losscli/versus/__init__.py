"""Models against each other on the same rows: one read, paired differences, tests.

=========== ==================================================================
``judging``  which test, against which model, how sure
``roles``    which roles are each model's own, and which are the same for all
``contest``  the run: what is read, the fold of the rows, the comparison
``verdicts`` estimates become records: adjusted p-values, better or worse
``call``     the Python call
=========== ==================================================================
"""

from losscli.versus.contest import Contest, fold_of
from losscli.versus.judging import Judging
from losscli.versus.roles import own_roles
from losscli.versus.verdicts import compare_losses

__all__ = ["Contest", "Judging", "compare_losses", "fold_of", "own_roles"]
