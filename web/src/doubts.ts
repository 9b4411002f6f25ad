import { choice, h, number, percent, plural, section, whole, type Child } from './dom';
import { looksKey, pictureColumn } from './pictures';
import { rowColumns, textOf } from './rows';
import { searchText } from './said';
import { table, type Column } from './table';
import { shaded, type Method } from './tokens';
import type { Explanation, Row, RunData } from './data';

interface Listed { row: Row; why: Explanation | undefined }

/** Rows with their text shaded where the prediction was explained, and a choice of the method. */
function explained<T extends Listed>(run: RunData, items: T[], columns: (text: Column<T>) => Column<T>[], label: string): HTMLElement {
  const search = (item: T): string => searchText(run, item.row);
  if (run.pictures) return h('div', {}, looksKey(run, items.map(item => item.row)), table(items, columns(pictureColumn(run, item => item.row)), { label, page: 10, search }));
  let method: Method = 'gradient';
  const place = h('div');
  const text: Column<T> = {
    title: 'text', kind: 'long', value: item => item.row.text ?? '',
    cell: item => item.why ? shaded(item.why, method) : textOf(item.row),
  };
  const draw = (): void => place.replaceChildren(table(items, columns(text), { label, page: 10, search }));
  draw();
  return h('div', {}, items.some(item => item.why) ? key(items, chosen => { method = chosen; draw(); }) : null, place);
}

function key(items: Listed[], choose: (method: Method) => void): HTMLElement {
  const methods: { name: Method; title: string; hint: string }[] = [
    { name: 'gradient', title: 'Gradient \u00d7 input', hint: 'by how much the predicted class would gain on the other if the token were a little stronger' },
    { name: 'occlusion', title: 'Occlusion', hint: 'how much of the predicted class\u2019s probability is lost when the token is masked' },
  ];
  const usable = methods.filter(method => method.name === 'gradient' || items.some(item => item.why?.occlusion));
  return h('div', { class: 'key' },
    choice('How tokens are shaded', usable.map(method => ({ ...method, choose: () => choose(method.name) }))),
    h('span', { class: 'tokens' }, 'Tokens ', h('span', { class: 'for', style: '--strength: 70%' }, 'for'), ' and ', h('span', { class: 'against', style: '--strength: 70%' }, 'against'), ' the predicted class, by one model that did not see the row'));
}

/** A model that a baseline beats says little of labels by doubting them. */
const weak = (run: RunData): boolean => { const head = run.headline; return head?.metric === 'accuracy' && head.baseline !== null && (head.score.value ?? 0) < (head.baseline.score.value ?? 0); };

const because = (run: RunData, row: number): Explanation | undefined => run.explanations.find(one => one.row === row);

export function topLosses(run: RunData): HTMLElement | null {
  if (run.topLosses.length === 0) return null;
  const items = run.topLosses.map(row => ({ row: run.rows[row], why: because(run, row) }));
  return section('losses', 'Top losses', 'Top losses', 'The rows whose true class got the lowest probability: hard, odd, or labelled wrongly.',
    explained(run, items, text => rowColumns(run, 0, true).map((column): Column<Listed> => column.title === 'text' || column.kind === 'picture' ? text
      : { title: column.title, kind: column.kind, hint: column.hint, value: column.value ? item => column.value!(item.row) : undefined, cell: item => column.cell(item.row) }), 'top losses'));
}

/** The same of several targets, one at a time. */
export function targetLosses(run: RunData): HTMLElement | null {
  const told = run.targets.map((target, place) => ({ target, place })).filter(({ target }) => target.topLosses.length > 0);
  if (told.length === 0) return null;
  const list = h('div');
  const show = ({ target, place }: typeof told[number]): void => list.replaceChildren(
    h('p', { class: 'muted' }, `The first ${whole(target.topLosses.length)} of ${plural(target.known, 'row')}${target.known < run.limits.rows ? ` whose ${target.name} is known` : ''}.`),
    table(target.topLosses.map(row => run.rows[row]), rowColumns(run, place, true), { label: `top losses of ${target.name}`, page: 10, search: row => searchText(run, row) }));
  show(told[0]);
  return section('losses', 'Top losses', 'Top losses', `${told.length === 1 ? 'The' : 'Target by target the'} rows that are furthest from the truth: hard, odd, or labelled wrongly.`,
    told.length === 1 ? null : h('div', { class: 'key' }, choice('Of which target', told.map(one => ({ title: one.target.name, choose: () => show(one) })))), list);
}

export function labelIssues(run: RunData): HTMLElement | null {
  const issues = run.labelIssues;
  if (!issues) return null;
  const items = issues.queue.map(issue => ({ ...issue, row: run.rows[issue.row], why: because(run, issue.row) }));
  type Item = typeof items[number];
  const votes = (item: Item): Child => item.votes === null ? '' : item.votes.map((count, i) => ({ count, name: run.classes[i] })).filter(vote => vote.count > 0).sort((a, b) => b.count - a.count).map(vote => `${vote.name}: ${vote.count}`).join(', ');
  const lead = issues.issues === 0
    ? `No label of ${plural(issues.rows, 'row')} stands out as wrong.`
    : [`${plural(issues.issues, run.pictures ? 'picture' : 'row')} of ${whole(issues.rows)} (${percent(issues.issues / issues.rows)}) probably carry a wrong label, by predictions of models that did not see them. `, h('code', {}, 'tutti labels --run DIR --out queue.csv'), ` writes ${issues.issues > items.length ? `all of them (the first ${items.length} are here)` : 'them'}${run.pictures ? ' to a table.' : ' to be filled in with the right labels; '}`, ...(run.pictures ? [] : [h('code', {}, 'tutti labels --run DIR --apply queue.csv'), ' then writes a corrected copy of the training file to train on.']), weak(run) ? h('b', {}, ' This run is below its baseline, so its doubts say little.') : null];
  return section('labels', 'Labels to look at', 'Labels', lead, items.length === 0 ? null
    : explained<Item>(run, items, text => [
      { title: 'id', cell: item => h('code', {}, item.row.id), value: item => item.row.id },
      text,
      { title: 'given', cell: item => run.classes[item.row.says[0].label!], value: item => run.classes[item.row.says[0].label!] },
      { title: 'suggested', cell: item => h('b', {}, run.classes[item.suggested]), value: item => run.classes[item.suggested] },
      { title: 'quality', kind: 'number', cell: item => number(item.quality), value: item => item.quality, hint: 'how likely the given label is right' },
      ...(items.some(item => item.votes) ? [{ title: 'votes', cell: votes } as Column<Item>] : []),
    ], 'label issues'));
}
