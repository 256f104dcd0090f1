"""`gluonfr pack`: folders of people and lists of pairs into the files that training and verification read."""
import os

from ..data.packing import check_pack, pack_folder
from ..data.packing.changes import read_excluded, read_relabelled
from ..data.pairs import pack_pairs, read_pairs
from ..utils.messages import counted

__all__ = ['run_check', 'run_folder', 'run_pairs']

LISTED = 20  # files that are named, of those that were not packed


def run_folder(args):
    """Pack a folder and say what came of it."""
    report = pack_folder(args.folder, args.out, resize=args.resize, copy=not args.encode, quality=args.quality,
                         fmt=args.format, min_images=args.min_images, people=_names(args.people),
                         exclude=_names(args.exclude), max_people=args.max_people, max_images=args.max_images,
                         split=args.split, seed=args.seed, relabel=args.relabel, root=args.root,
                         resume=not args.no_resume, on_error=args.on_error, progress=not args.no_progress,
                         exclude_images=args.exclude_images and read_excluded(args.exclude_images),
                         relabel_images=args.relabel_images and read_relabelled(args.relabel_images))
    for part in filter(None, (report, report.val)):
        print('{}: {} of {}, {} copied byte for byte'.format(
            part.path, counted(part.images, 'image'), counted(part.people, 'person', 'people'), part.copied))
    if report.left_out:
        print('{} with fewer than {} {} left out'.format(
            counted(len(report.left_out), 'person', 'people'), counted(args.min_images, 'image'),
            'was' if len(report.left_out) == 1 else 'were'))
    for word, listed in (('skipped', report.skipped), ('left out', report.ignored)):
        for path, reason in listed[:LISTED]:
            print('{} {}'.format(word, reason if reason.startswith(path) else '{}: {}'.format(path, reason)))
        if len(listed) > LISTED:
            print('{} {} more: {} lists all'.format(word, len(listed) - LISTED, os.path.join(args.out, 'pack.json')))


def run_pairs(args):
    """Pack pairs and say what came of it."""
    report = pack_pairs(read_pairs(args.pairs), args.root, args.out, resize=args.resize,
                        quality=args.quality, protocol=args.protocol, on_error=args.on_error,
                        progress=not args.no_progress)
    print('{}: {}'.format(args.out, counted(report.pairs, 'pair')))
    for skipped in report.skipped:
        print('skipped {}'.format(': '.join(map(str, skipped))))


def run_check(args):
    """Check what was packed; exit with 1 if something is damaged."""
    found = check_pack(args.path, not args.no_progress)
    for path, count, by, faults in found:
        for what, why in faults:
            print('{}: {}: {}'.format(path, what, why))
        how = 'compared with their checksums' if by == 'checksums' else \
            'decoded, as there are no checksums: changed bytes within a JPEG often go unnoticed'
        print('{}: {}, {}: {}'.format(path, counted(count, 'image' if by == 'decoding' else 'record'), how,
                                      counted(len(faults), 'fault') if faults else 'all well'))
    if any(faults for *_, faults in found):
        raise SystemExit(1)


def _names(path):
    if path is None:
        return None
    with open(path, encoding='utf-8') as file:
        return [line.strip() for line in file if line.strip()]
