import { h, number, plural, section, whole, type Child } from './dom';
import { gallery, looksKey, pictureColumn } from './pictures';
import { lossOf, predicted, saidLines, searchText, truth } from './said';
import { table, type Column } from './table';
import { targetsOf, type Row, type RunData, type Target } from './data';

/** Characters of a text that are shown at first. */
const folded = 400;

/** A row's text; a long one in part, until it is asked for. */
export function textOf(row: Pick<Row, 'text'>): Child {
  const text = row.text;
  if (text === null) return h('span', { class: 'muted' }, 'not in this report');
  if (text.length <= folded * 1.2) return text;
  const place = h('span', {}, `${text.slice(0, folded)}\u2026`);
  const button = h('button', { type: 'button', class: 'quiet', click: () => { place.textContent = text; button.remove(); } }, 'all of it');
  return h('span', {}, place, ' ', button);
}

/** The columns of a list of rows, as every list has them, with others of what is said of them. */
export function listed(run: RunData, said: Column<Row>[]): Column<Row>[] {
  return [
    { title: 'id', cell: row => h('code', {}, row.id), value: row => row.id },
    run.pictures ? pictureColumn(run, row => row) : { title: 'text', cell: textOf, value: row => row.text ?? '', kind: 'long' },
    ...said,
    ...(run.rows.some(row => row.fold !== null) ? [{ title: 'fold', cell: row => row.fold ?? '', value: row => row.fold ?? -1, kind: 'number' } as Column<Row>] : []),
  ];
}

/** A list of rows as one target sees them. */
export function rowColumns(run: RunData, place = 0, losses = false): Column<Row>[] {
  const target = targetsOf(run)[place];
  const loss = lossOf[target.kind];
  return listed(run, [
    { title: 'true', cell: row => truth(target, row.says[place]) ?? h('span', { class: 'muted' }, 'no truth'), value: row => sortable(target, row.says[place].label) ?? truth(target, row.says[place]) ?? '' },
    { title: 'predicted', cell: row => predicted(target, row.says[place]), value: row => sortable(target, row.says[place].predicted) ?? predicted(target, row.says[place]) },
    losses ? { title: loss.title, kind: 'number', value: row => loss.of(row.says[place]) ?? 0, cell: row => number(loss.of(row.says[place]), loss.digits), hint: loss.hint }
      : { title: 'probability', cell: row => number(row.says[place].p), value: row => row.says[place].p ?? 0, kind: 'number', hint: 'of the predicted class' },
  ]);
}

// Numbers and levels by their size, names by their letters.
const sortable = (target: Target, value: number | null): number | null => target.kind === 'number' || target.kind === 'ordinal' ? value ?? -Infinity : null;

/** Rows as pictures with what is said of them, or as a table. */
const shown = (run: RunData, rows: number[], label: string, columns: Column<Row>[], page: number): HTMLElement => run.pictures ? gallery(run, rows, label) : table(rows.map(row => run.rows[row]), columns, { label, search: row => searchText(run, row), page });

/** The rows behind a cell of a target's confusion matrix. */
export function rowsBehind(run: RunData, place: number, truth: number, predicted: number, close: () => void): HTMLElement {
  const target = targetsOf(run)[place];
  const rows = target.confusionRows.find(cell => cell.truth === truth && cell.predicted === predicted)?.rows ?? [];
  const all = target.confusion[truth][predicted];
  const right = truth === predicted;
  const which = rows.length === all ? '' : rows.length === 0 ? ' \u2013 not in this report; oof.csv has all' : ` \u2013 the ${whole(rows.length)} ${right ? 'least' : 'most'} sure of them are in this report; oof.csv has all`;
  return h('div', { class: 'behind', id: target.name === '' ? 'rows-behind' : `rows-behind-${place}`, tabindex: -1, role: 'region', 'aria-label': 'Rows behind the cell', keydown: event => { if ((event as KeyboardEvent).key === 'Escape') close(); } },
    h('div', { class: 'behind-head' },
      h('h3', {}, target.name === '' ? 'True ' : `${target.name}: true `, h('b', {}, target.classes[truth]), ', predicted ', h('b', {}, target.classes[predicted])),
      h('button', { type: 'button', class: 'quiet', click: close }, 'Close')),
    h('p', { class: 'muted' }, `${plural(all, 'row')}${which}.`),
    rows.length === 0 ? null : shown(run, rows, run.pictures ? 'pictures behind the cell' : 'rows behind the cell', rowColumns(run, place), 15));
}

/** Rows taken at random: what the run says of them. */
export function examples(run: RunData): HTMLElement | null {
  if (run.sample.length === 0 || (!run.pictures && run.targets.length === 0)) return null;
  const what = run.run.task.startsWith('image-') ? 'picture' : 'text';
  const single = run.targets.length === 0;
  const columns = listed(run, targetsOf(run).map((target, i): Column<Row> => ({
    title: target.name, value: row => sortable(target, row.says[i].predicted) ?? predicted(target, row.says[i]), cell: row => h('span', { class: 'lines' }, saidLines({ ...target, name: '' }, row.says[i])),
  })));
  return section('examples', `What it says of ${what}s`, what === 'picture' ? 'Pictures' : 'Texts',
    `${plural(run.sample.length, what)} taken at random, predicted by models that did not see them in training: ${single ? 'the predicted class, its probability, and the true class where it is another.' : 'for each target the prediction, its probability, and the truth where it is another.'}`,
    looksKey(run, run.sample.map(row => run.rows[row])), shown(run, run.sample, `${what}s at random`, columns, 12));
}
