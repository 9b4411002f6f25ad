// What a run says of a row in each of its targets, in words: for cards, tables and filters alike.
import { figure, h, percent } from './dom';
import { targetsOf, type Row, type RunData, type Said, type Target } from './data';

const value = (target: Target, one: number): string => target.kind === 'number' ? figure(one) : target.classes[one];

const several = (target: Target, said: Said, which: (p: number, truth: boolean) => boolean): string => {
  const names = said.labels!.filter(([, p, truth]) => which(p, truth)).map(([label]) => target.classes[label]);
  return names.length === 0 ? 'none' : names.join(', ') + (said.more ? ', \u2026' : '');
};

export const predicted = (target: Target, said: Said): string => said.labels ? several(target, said, p => p >= 0.5) : value(target, said.predicted);

/** What is true; null where it is not known. */
export const truth = (target: Target, said: Said): string | null => said.labels ? several(target, said, (_, is) => is) : said.label === null ? null : value(target, said.label);

/** Whether a row is told rightly; null of a number, and where the truth is not known. */
export const right = (target: Target, said: Said): boolean | null => said.labels ? said.right! : target.kind === 'number' || said.label === null ? null : said.label === said.predicted;

/** A row is wrong where one target is, and right where one is and none is wrong. */
export function verdict(run: RunData, row: Row): 'right' | 'wrong' | '' {
  const all = targetsOf(run).map((target, i) => right(target, row.says[i]));
  return all.includes(false) ? 'wrong' : all.includes(true) ? 'right' : '';
}

/** The prediction and its probability, and the truth where it is another. */
export function saidLines(target: Target, said: Said): HTMLElement[] {
  const what = said.labels ? said.labels.filter(([, p]) => p >= 0.5).flatMap(([label, p], i) => [i > 0 ? ', ' : '', h('b', {}, target.classes[label]), ' ', h('span', { class: 'muted' }, percent(p, 0))])
    : [h('b', {}, value(target, said.predicted)), ' ', said.p === undefined ? null : h('span', { class: 'muted' }, percent(said.p, 0))];
  const [is, so] = [truth(target, said), right(target, said)];
  return [
    h('span', { class: 'said' }, target.name === '' ? null : h('span', { class: 'muted' }, `${target.name}: `), what.length === 0 ? h('b', {}, 'none') : what),
    ...(is === null ? [h('span', { class: 'muted' }, 'no truth')] : so === true ? (target.name === '' ? [h('span', { class: 'muted' }, 'right')] : []) : [h('span', { class: so === false ? 'true' : 'muted' }, `true: ${is}`)]),
  ];
}

/** How wrong a row is in one target, as its kind has it. */
export const lossOf = {
  class: { title: 'probability of true class', digits: 3, of: (said: Said) => said.q ?? null, hint: 'what the true class got' },
  flag: { title: 'probability of the truth', digits: 3, of: (said: Said) => said.q ?? null, hint: 'what the true answer got' },
  ordinal: { title: 'levels off', digits: 0, of: (said: Said) => said.loss ?? null, hint: 'how far the most probable level is from the true one; of equally far ones the surest errors come first' },
  labels: { title: 'loss', digits: 3, of: (said: Said) => said.loss ?? null, hint: 'the sum over all labels of -log of the probability given to what is true' },
  number: { title: 'error', digits: 3, of: (said: Said) => said.loss ?? null, hint: 'the distance from the true number, in standard deviations of the true numbers' },
};

/** What a filter finds a row by. */
export const searchText = (run: RunData, row: Row): string => [row.id, row.text ?? '', ...targetsOf(run).flatMap((target, i) => [predicted(target, row.says[i]), truth(target, row.says[i]) ?? 'no truth'])].join(' ');
