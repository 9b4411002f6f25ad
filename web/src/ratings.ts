import { itemMap } from './charts';
import { duration, h, number, percent, section, whole } from './dom';
import { interval } from './marks';
import { table, type Column } from './table';
import type { Ratings, RunData, Score } from './data';

const joined = (titles: string[]): HTMLElement => h('ul', { class: 'plain' }, titles.map(title => h('li', {}, title)));

/** What a model of ratings has learnt of the items. */
export function ratings(run: RunData): HTMLElement | null {
  const found = run.ratings;
  if (!found) return null;
  type Item = Ratings['liked'][number];
  const columns: Column<Item>[] = [
    { title: 'item', cell: item => item.title, value: item => item.title },
    { title: 'bias', kind: 'number', cell: item => number(item.bias), value: item => item.bias, hint: 'what whoever rates it rates it above the usual, in the unit of the model' },
    { title: 'ratings', kind: 'number', cell: item => whole(item.ratings), value: item => item.ratings },
  ];
  type Axis = Ratings['axes'][number];
  const axes: Column<Axis>[] = [
    { title: 'share', kind: 'number', cell: axis => percent(axis.share), value: axis => axis.share, hint: 'of the variance of the items’ factors' },
    { title: 'one end', cell: axis => joined(axis.low) },
    { title: 'other end', cell: axis => joined(axis.high) },
  ];
  return section('items', 'Items', 'Items', `The ${whole(found.wellKnown)} items with the most ratings, by what the model with the smallest error has learnt of them.`,
    h('h3', {}, 'Liked by whoever rates them'), table(found.liked, columns, { label: 'items with the highest biases', page: 15 }),
    h('h3', {}, 'Disliked by whoever rates them'), table(found.disliked, columns, { label: 'items with the lowest biases', page: 15 }),
    h('h3', {}, 'What items differ in'), h('p', { class: 'lead' }, 'The directions in which their factors differ most, named by items at their ends. What they mean is for the reader to say.'), table(found.axes, axes, { label: 'axes of the items' }),
    found.points.length === 0 ? null : itemMap(found.points));
}

/** Every fold alone, where a run of task ratings has several. */
export function folds(run: RunData): HTMLElement | null {
  const lines = (run.leaderboard?.rows ?? []).flatMap(row => row.folds.filter(fold => fold.rmse.value !== null).map(fold => ({ model: row.name, kind: row.kind, ...fold })));
  if (lines.length === 0) return null;
  type Line = typeof lines[number];
  const score = (title: string, of: (line: Line) => Score): Column<Line> => ({ title, kind: 'number', value: line => of(line).value ?? 0, cell: line => [h('b', {}, number(of(line).value)), ' ', interval(of(line))] });
  return section('folds', 'Folds', 'Folds', 'Each fold alone: what it held out, scored by models that learnt its other rows. The leaderboard scores all of them together.',
    table(lines, [
      { title: 'fold', cell: line => line.name, value: line => line.name },
      { title: 'model', cell: line => h('b', {}, line.model), value: line => line.model },
      score('RMSE', line => line.rmse), score('MAE', line => line.mae),
      { title: 'time', kind: 'number', value: line => line.seconds, cell: line => line.kind === 'baseline' ? '' : duration(line.seconds) },
    ], { label: 'folds', page: 20, search: line => `${line.name} ${line.model}` }));
}
