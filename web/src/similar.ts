import { h, number, plural, section, whole, type Child } from './dom';
import { sideBySide, thumbnail } from './pictures';
import { textOf } from './rows';
import { table, type Column } from './table';
import type { DuplicateGroup, RunData, SimilarRow } from './data';

const where = (row: SimilarRow): string => row.set === 'test' ? 'test' : row.fold === null ? 'train' : `train, fold ${row.fold}`;

/** What is wrong with a group, in words. */
const faults = (group: DuplicateGroup): string[] => [
  ...(group.sameFile ? ['the same file'] : []), ...(group.differentLabels ? ['different labels'] : []), ...(group.acrossTest ? ['train and test'] : []), ...(group.acrossFolds ? ['several folds'] : []),
];

const each = (group: DuplicateGroup, cell: (row: SimilarRow) => Child): HTMLElement =>
  h('ul', { class: 'plain' }, group.rows.map(row => h('li', {}, cell(row))), group.count > group.rows.length ? h('li', { class: 'muted' }, `and ${whole(group.count - group.rows.length)} more`) : null);

/** Rows that are nearly the same, and rows unlike all others. */
export function similar(run: RunData): HTMLElement | null {
  const found = run.similar;
  if (!found) return null;
  const { duplicates, outliers } = found;
  const groups: Column<DuplicateGroup>[] = [
    { title: 'rows', cell: group => each(group, row => h('span', {}, h('code', {}, row.id), h('span', { class: 'muted' }, ` ${where(row)}`), row.given === null ? null : h('b', {}, ` ${row.given}`))), value: group => group.rows[0].id },
    run.pictures ? { title: 'pictures', kind: 'picture', cell: group => sideBySide(run, group.rows) } : { title: 'text', kind: 'long', cell: group => group.rows.every(row => row.text === group.rows[0].text) ? textOf(group.rows[0]) : each(group, textOf), value: group => group.rows[0].text ?? '' },
    { title: 'note', cell: group => faults(group).join(', '), value: group => faults(group).length },
    { title: 'distance', kind: 'number', cell: group => number(group.distance), value: group => group.distance, hint: 'as a share of the usual distance to the nearest row; 0: the same to the model' },
  ];
  type Item = typeof outliers.queue[number];
  const unlike: Column<Item>[] = [
    { title: 'id', cell: row => h('code', {}, row.id), value: row => row.id },
    run.pictures ? { title: 'picture', kind: 'picture', cell: row => thumbnail(run, row) } : { title: 'text', kind: 'long', cell: textOf, value: row => row.text ?? '' },
    { title: 'where', cell: where, value: where },
    { title: 'given', cell: row => row.given ?? '\u2013', value: row => row.given ?? '' },
    { title: 'score', kind: 'number', cell: row => number(row.score), value: row => row.score, hint: '1: its neighbours are near; below the others: unlike them' },
    { title: 'outlier', cell: row => row.outlier ? 'yes' : '', value: row => row.outlier ? 0 : 1 },
  ];
  const counts = [
    duplicates.differentLabels > 0 ? `${whole(duplicates.differentLabels)} with different labels` : null,
    duplicates.acrossTest > 0 ? `${whole(duplicates.acrossTest)} across training and test` : null,
    duplicates.acrossFolds > 0 ? `${whole(duplicates.acrossFolds)} across folds` : null,
  ].filter(one => one !== null);
  const more = (all: number, shown: number): string => all > shown ? ` The first ${whole(shown)} are here; tutti labels lists all.` : '';
  const flatter = 'across training and test, or across folds, flatter scores.';
  if (found.by === null) return duplicates.groups === 0 ? null : section('similar', 'The same picture again', 'Duplicates', ['Files that hold the same bytes; those ', flatter, ' ', h('code', {}, 'tutti labels --run DIR --duplicates'), ' also finds pictures that are nearly the same, which takes a network\u2019s work on all of them.'],
    h('p', { class: 'lead' }, `${plural(duplicates.groups, 'group')} of ${plural(duplicates.rows, 'row')}${counts.length > 0 ? `: ${counts.join(', ')}` : ''}.${more(duplicates.groups, duplicates.list.length)}`),
    table(duplicates.list, groups, { label: 'same pictures', page: 10 }));
  return section('similar', 'Near duplicates and outliers', 'Duplicates', `By embeddings of ${found.by}, each row seen by a model that did not train on it. Near duplicates ${flatter}`,
    h('h3', {}, 'Near duplicates'),
    h('p', { class: 'lead' }, duplicates.groups === 0 ? `No two ${run.pictures ? 'pictures' : 'rows'} are nearly the same.` : `${plural(duplicates.groups, 'group')} of ${plural(duplicates.rows, 'row')}${counts.length > 0 ? `: ${counts.join(', ')}` : ''}.${more(duplicates.groups, duplicates.list.length)}`),
    duplicates.list.length === 0 ? null : table(duplicates.list, groups, { label: 'near duplicates', page: 10, search: group => `${faults(group).join(' ')} ${group.rows.map(row => `${row.id} ${row.given ?? ''} ${row.text ?? ''}`).join(' ')}` }),
    h('h3', {}, 'Outliers'),
    h('p', { class: 'lead' }, `${plural(outliers.outliers, 'row')} of ${whole(outliers.rows)} ${outliers.outliers === 1 ? 'is' : 'are'} unlike all others; the least usual first.`),
    outliers.queue.length === 0 ? null : table(outliers.queue, unlike, { label: 'outliers', page: 10, search: row => `${row.id} ${row.given ?? ''} ${row.text ?? ''}` }));
}
