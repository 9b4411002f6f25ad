import { h, percent, plural, whole } from './dom';
import { rowsBehind } from './rows';
import { table } from './table';
import type { Confused, RunData } from './data';

/** Above so many classes the pairs that are confused most are listed in place of a matrix. */
const mostClasses = 30;

/** The confusion matrix, and the place where a cell opens the rows behind it. */
export function confusion(run: RunData): { matrix: HTMLElement; panel: HTMLElement } {
  const panel = h('div', { 'aria-live': 'polite' });
  let open: HTMLElement | null = null;

  function close(): void {
    panel.replaceChildren();
    open?.setAttribute('aria-expanded', 'false');
    open?.focus();
    open = null;
  }

  function toggle(button: HTMLElement, truth: number, predicted: number): void {
    const again = open === button;
    if (open) close();
    if (again) return;
    open = button;
    button.setAttribute('aria-expanded', 'true');
    const behind = rowsBehind(run, truth, predicted, close);
    panel.replaceChildren(behind);
    behind.focus({ preventScroll: true });
    behind.scrollIntoView({ block: 'nearest' });
  }

  return { matrix: run.classes.length <= mostClasses ? matrix(run, toggle) : pairs(run, toggle), panel };
}

type Toggle = (button: HTMLElement, truth: number, predicted: number) => void;

/** The matrix; of more classes than it has room for, null. Without a toggle its cells are but looked at. */
export const plainMatrix = (of: Confused): HTMLElement | null => of.classes.length <= mostClasses ? matrix(of) : null;

function matrix(run: Confused, toggle?: Toggle): HTMLElement {
  const small = run.classes.length > 4;
  const cell = (truth: number, predicted: number): HTMLElement => {
    const [count, total] = [run.confusion[truth][predicted], run.perClass[truth].support];
    const share = total > 0 ? count / total : 0;
    const look = {
      class: `cell ${truth === predicted ? 'right' : 'wrong'}${share > 0.55 ? ' strong' : ''}${count === 0 ? ' none' : ''}`, style: `--share: ${(6 + 94 * share).toFixed(1)}%`,
      'aria-label': `true ${run.classes[truth]}, predicted ${run.classes[predicted]}: ${plural(count, 'row')}, ${percent(share)} of the true class`,
    };
    const button: HTMLElement = h(toggle ? 'button' : 'div', toggle ? {
      ...look, type: 'button', 'data-truth': truth, 'data-predicted': predicted, 'aria-expanded': 'false', disabled: count === 0, click: () => toggle(button, truth, predicted),
    } : { ...look, role: 'img' }, h('b', {}, whole(count)), small ? null : h('span', {}, percent(share)));
    return h('td', {}, button);
  };
  return h('div', {}, h('div', { class: 'scroll' }, h('table', { class: `confusion${small ? ' small' : ''}`, 'aria-label': 'Confusion matrix' },
    h('thead', {}, h('tr', {}, h('td'), run.classes.map(name => h('th', { scope: 'col' }, h('span', { title: name }, name))))),
    h('tbody', {}, run.classes.map((name, truth) => h('tr', {}, h('th', { scope: 'row' }, h('span', { title: name }, name)), run.classes.map((_, predicted) => cell(truth, predicted))))))),
    h('p', { class: 'note' }, 'Rows: true class. Columns: predicted class. Shade: share of the true class.'));
}

function pairs(run: RunData, toggle: Toggle): HTMLElement {
  const found = run.confusionRows.filter(cell => cell.truth !== cell.predicted).map(cell => ({ ...cell, count: run.confusion[cell.truth][cell.predicted] }));
  return table(found, [
    { title: 'true', cell: pair => run.classes[pair.truth], value: pair => run.classes[pair.truth] },
    { title: 'predicted', cell: pair => run.classes[pair.predicted], value: pair => run.classes[pair.predicted] },
    { title: 'rows', kind: 'number', value: pair => pair.count, cell: pair => {
      const button: HTMLElement = h('button', { type: 'button', class: 'quiet', 'aria-expanded': 'false', 'data-truth': pair.truth, 'data-predicted': pair.predicted, click: () => toggle(button, pair.truth, pair.predicted) }, whole(pair.count));
      return button;
    } },
    { title: 'of the true class', kind: 'number', value: pair => pair.count / run.perClass[pair.truth].support, cell: pair => percent(pair.count / run.perClass[pair.truth].support) },
  ], { label: 'pairs of classes', page: 15, sorted: { column: 2, down: true }, search: pair => `${run.classes[pair.truth]} ${run.classes[pair.predicted]}` });
}
