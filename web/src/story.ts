import { curves } from './charts';
import { bytes, duration, h, percent, plural, section, whole, type Child } from './dom';
import { table, type Column } from './table';
import type { Cell, DataSummary, RunData } from './data';

/** What a reader should not miss. */
export function surprises(run: RunData): HTMLElement | null {
  const more = run.limits.shortenedTexts > 0 ? [{ kind: 'report', text: `${plural(run.limits.shortenedTexts, 'text')} in this report ${run.limits.shortenedTexts === 1 ? 'is' : 'are'} shown up to ${run.limits.textCharacters} characters` }] : [];
  const embedded = run.limits.embedded < run.limits.rows ? [{ kind: 'report', text: `this report holds the ${whole(run.limits.embedded)} most telling of ${whole(run.limits.rows)} rows; all counts and scores are of all rows` }] : [];
  const all = [...run.surprises, ...embedded, ...more];
  if (all.length === 0) return null;
  return section('surprises', 'Worth knowing', 'Worth knowing', null, h('ul', { class: 'surprises' }, all.map(one => h('li', {}, h('span', { class: 'badge' }, one.kind), ' ', one.text))));
}

export function learning(run: RunData): HTMLElement | null {
  if (run.cells.every(cell => cell.curve.update.length === 0 && cell.evaluations.length === 0)) return null;
  const columns: Column<Cell>[] = [
    { title: 'cell', cell: cell => h('b', {}, cell.name), value: cell => cell.name },
    { title: 'updates', kind: 'number', cell: cell => whole(cell.updates), value: cell => cell.updates },
    { title: 'kept', kind: 'number', cell: cell => cell.bestUpdate === null ? '\u2013' : whole(cell.bestUpdate), value: cell => cell.bestUpdate ?? 0, hint: 'the update whose weights were kept' },
    { title: 'time', kind: 'number', cell: cell => duration(cell.seconds), value: cell => cell.seconds ?? 0 },
    ...(run.run.task.startsWith('image-') ? [] : [{ title: 'tokens / s', kind: 'number', cell: cell => cell.tokensPerSecond === null ? '\u2013' : whole(cell.tokensPerSecond), value: cell => cell.tokensPerSecond ?? 0 } as Column<Cell>]),
    { title: 'peak memory', kind: 'number', cell: cell => bytes(cell.peakBytes), value: cell => cell.peakBytes ?? 0 },
    { title: 'predicted', kind: 'number', cell: cell => bytes(cell.predictedPeak), value: cell => cell.predictedPeak ?? 0, hint: 'peak memory as planned before the first update' },
  ];
  return section('learning', 'How it learnt', 'Learning', `${plural(run.cells.length, 'cell')}: members \u00d7 seeds \u00d7 folds. Training loss is the mean of neighbouring updates where there are more than can be drawn.`,
    curves(run.cells), table(run.cells, columns, { label: 'cells', page: 10 }));
}

export function data(run: RunData): HTMLElement | null {
  const summary = run.data;
  if (!summary) return null;
  const most = Math.max(...summary.classes.map(one => one.rows), 1);
  const facts: [string, Child][] = [
    ['training rows', whole(summary.rows)],
    ['test rows', summary.testRows === 0 ? 'none' : whole(summary.testRows)],
    ...(summary.lengths ? [['characters of a text', `median ${whole(summary.lengths.median)}, 95\u202f% up to ${whole(summary.lengths.p95)}, longest ${whole(summary.lengths.max)}`] as [string, Child]] : []),
    ...(summary.empty === null ? [] : [['empty texts', whole(summary.empty)] as [string, Child]]),
    ...summary.repeats.map((one): [string, Child] => [`texts ${one.what}`, one.texts === 0 ? 'none' : `${whole(one.texts)} (${plural(one.rows, 'row')})`]),
  ];
  type Cut = DataSummary['truncation'][number];
  const truncation: Column<Cut>[] = [
    { title: 'member', cell: row => h('b', {}, row.member) },
    { title: 'reads up to', kind: 'number', cell: row => `${whole(row.maxLength)} tokens` },
    { title: 'texts cut', kind: 'number', cell: row => `${whole(row.truncated)} (${percent(row.truncated / row.rows)})` },
    { title: 'tokens lost', kind: 'number', cell: row => `${whole(row.lostTokens)} (${percent(row.lostTokens / row.allTokens)})` },
    { title: 'vocabulary', kind: 'number', cell: row => whole(row.vocabulary) },
  ];
  return section('data', 'Data', 'Data', null,
    h('div', { class: 'pair' },
      h('dl', { class: 'facts' }, facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
      summary.classes.length === 0 ? null : h('div', {}, h('h3', {}, 'Classes'), h('ul', { class: 'shares' }, summary.classes.slice(0, 40).map(one => h('li', {}, h('span', {}, one.name), h('span', { class: 'track' }, h('span', { style: `width: ${(100 * one.rows / most).toFixed(1)}%` })), h('span', { class: 'number' }, `${whole(one.rows)} (${percent(one.rows / summary.rows)})`))), summary.classes.length > 40 ? h('li', { class: 'muted' }, `and ${summary.classes.length - 40} more`) : null))),
    summary.truncation.length === 0 ? null : [h('h3', {}, 'What the models read'), table(summary.truncation, truncation, { label: 'truncation' })]);
}

export function recipe(run: RunData): HTMLElement {
  const short = (value: string): Child => /^[0-9a-f]{40,}$/.test(value) ? h('code', { title: value }, `${value.slice(0, 12)}\u2026`) : value;
  return section('recipe', 'Recipe and machine', 'Recipe', 'The recipe in effect, every default written out.',
    h('details', {}, h('summary', {}, 'recipe.yaml'), h('pre', { tabindex: 0 }, run.recipe)),
    h('dl', { class: 'facts' }, run.run.facts.flatMap(fact => [h('dt', {}, fact.name), h('dd', {}, short(fact.value))])));
}

