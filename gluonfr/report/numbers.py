"""Numbers of a result in words: what a column is called, and a value as a person reads it."""
import math
import re
from collections import namedtuple

__all__ = ['HEADLINES', 'Metric', 'cell', 'column_words', 'headline_metrics', 'metrics_of', 'percent', 'short']

# columns in words, and what they mean; {} is a rate that the column names, {1} the same as '1 in 1,000', {2} in percent
COLUMNS = (
    (r'acc', 'accuracy', 'pairs decided rightly, at a threshold chosen on other pairs'),
    (r'std', 'standard deviation', 'of the accuracy over folds'),
    (r'tar@(.+)', 'TAR at FAR {}',
     'pairs of one person accepted, where at most {1} of the pairs of different people is'),
    (r'compat_tar@(.+)', 'TAR at FAR {}, as public scripts have it',
     'at the threshold whose FAR is nearest to {}, even if it is larger'),
    (r'val@(.+)', 'VAL at FAR {}', 'mean over folds of the TAR at thresholds of the other folds'),
    (r'val_std', 'deviation of the VAL', 'over folds'),
    (r'far_at_(.+)', 'FAR found for {}', 'the largest FAR that the data have up to {}'),
    (r'threshold@(.+)', 'threshold for FAR {}', 'pairs with this score or more are accepted'),
    (r'threshold', 'threshold', 'pairs with this score or more are accepted'),
    (r'thresholds', 'candidates for thresholds', ''),
    (r'rank1', 'rank-1', 'probes whose person comes first'),
    (r'rank(\d+)', 'rank-{}', 'probes whose person is among the first {} of the gallery'),
    (r'dir@(.+)', 'DIR at FPIR {}', 'people found and accepted, where at most {1} of the strangers raises an alarm'),
    (r'compat_dir@(.+)', 'DIR at FPIR {}, as a public script has it', 'where false alarms are counted by pairs'),
    (r'fpir_at_(.+)', 'FPIR found for {}', 'the largest FPIR that the data have up to {}'),
    (r'dir_threshold@(.+)', 'threshold for FPIR {}', 'probes with this score or more raise an alarm'),
    (r'fnmr@(.+)', 'FNMR with {2} rejected', 'pairs of one person refused, of those whose quality is not the worst'),
    (r'rejected_at_(.+)', 'rejected for {2}', 'equal qualities are rejected together'),
    (r'area', 'area below error versus reject', 'less is better'),
    (r'eer', 'equal error rate', 'where both kinds of errors are as frequent'),
    (r'auc', 'area under the ROC', 'the chance that a pair of one person has the higher score'),
    (r'common_threshold@(.+)', 'threshold of all groups for FAR {}', ''),
    (r'common_far@(.+)', 'FAR of the group at the threshold of all for {}', ''),
    (r'common_tar@(.+)', 'TAR of the group at the threshold of all for {}', ''),
    (r'common_far_ratio@(.+)', 'largest FAR of a group over the smallest, at the threshold of all for {}', ''),
    (r'common_tar_gap@(.+)', 'TAR of the best group less that of the worst, at the threshold of all for {}', ''),
    (r'acc_deviation', 'deviation of the accuracy over groups', ''),
    (r'acc_gap', 'accuracy of the best group less that of the worst', ''),
    (r'error_ratio', 'errors of the worst group over those of the best', ''),
    (r'pairs', 'pairs', ''), (r'impostors', 'pairs of different people', ''),
    (r'mated', 'probes whose person is in the gallery', ''),
)
SHARES = re.compile('(acc|std|val|val_std|acc_deviation|acc_gap|eer|rank[0-9]+|fmr)|'
                    '((compat_)?(tar|dir)|val|common_far|common_tar|common_tar_gap|fnmr)@.*|(far|fpir|rejected)_at_.*')
HEADLINES = 'acc', 'tar@', 'rank1', 'dir@'

Metric = namedtuple('Metric', 'column words meaning value low high std')
Metric.__doc__ = """A value with what is known of its uncertainty: `low` and `high`, or `std`; None where nothing is."""


def column_words(column):
    """(words, meaning) of a column of a row; a column that is not known keeps its name."""
    edge = re.fullmatch(r'(.+)_(low|high)', column)
    if edge:
        return '{}, {} end'.format(column_words(edge.group(1))[0], {'low': 'lower', 'high': 'upper'}[edge.group(2)]), \
            'of the 95 % interval'
    for pattern, words, meaning in COLUMNS:
        found = re.fullmatch(pattern, column)
        if found:
            rates = _rates(found.group(1)) if found.groups() else ()
            return words.format(*rates), meaning.format(*rates)
    return column.replace('_', ' '), ''


def _rates(text):
    """A rate as it is written, as '1 in 1,000' where it is one in a round number, and in percent."""
    try:
        rate = float(text)
    except ValueError:
        return text, text, text
    one_in = 1 / rate if rate > 0 else 0
    return ('1e{:.0f}'.format(math.log10(rate)) if 0 < rate < 1e-2 and abs(math.log10(rate) % 1) < 1e-9 else text,
            '1 in {:,.0f}'.format(one_in) if one_in > 1 and abs(one_in - round(one_in)) < 1e-6 else percent(rate),
            '{:g} %'.format(100 * rate))


def metrics_of(row):
    """The metrics of a row: each column that has an interval or a deviation beside it, or is a headline."""
    found = []
    for column, value in row.items():
        low, high = row.get(column + '_low'), row.get(column + '_high')
        std = row.get('std') if column == 'acc' else row.get(column + '_std')
        if is_number(value) and (is_number(low) and is_number(high) or is_number(std)
                                 or column.startswith(HEADLINES) and not column.endswith(('_low', '_high'))):
            found.append(Metric(column, *column_words(column), value, low, high, std))
    return found


def headline_metrics(row):
    """The few metrics that matter most: of those at several rates, the one at the smallest that the data show."""
    kinds = {}
    for metric in metrics_of(row):
        kind = next((name for name in HEADLINES if metric.column.startswith(name)), None)
        if kind and (kind not in kinds or _rate(metric.column) < _rate(kinds[kind].column)):
            kinds[kind] = metric
    return [kinds[name] for name in HEADLINES if name in kinds]


def _rate(column):
    try:
        return float(column.partition('@')[2] or 0)
    except ValueError:
        return 0.


def is_number(value):
    """Whether a cell holds a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def percent(share):
    """'99.42 %' of 0.9942, with two digits where it is small; a dash for what is not known."""
    if not is_number(float(share) if share is not None else share):
        return '\u2013'
    value = 100 * float(share)
    return '{} %'.format('{:.2f}'.format(value) if abs(value) >= 0.1 or value == 0 else '{:.2g}'.format(value)
                         if abs(value) >= 1e-3 else '{:.0e}'.format(value))


def short(value):
    """A number without a unit, as short as it can be read."""
    if float(value).is_integer() and abs(value) < 1e15:
        return '{:,.0f}'.format(value)
    return '{:.4g}'.format(value)


def cell(column, value):
    """A cell of a table: shares in percent, counts with commas, a dash for what the data cannot show."""
    if value is None or isinstance(value, float) and not math.isfinite(value):
        return '\u2013'
    if not is_number(value):
        return str(value)
    return percent(value) if SHARES.fullmatch(re.sub('_(low|high)$', '', column)) else short(value)
