import { h, percent, plural, whole } from './dom';
import { rowsBehind } from './rows';
import { table } from './table';
import { targetsOf, type RunData, type Target } from './data';

/** Above so many classes the pairs that are confused most are listed in place of a matrix. */
const mostClasses = 30;

/** The confusion matrix of a target, and the place where a cell opens the rows behind it. */
export function confusion(run: RunData, place = 0): { matrix: HTMLElement; panel: HTMLElement } {
  const target = targetsOf(run)[place];
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
    const behind = rowsBehind(run, place, truth, predicted, close);
    panel.replaceChildren(behind);
    behind.focus({ preventScroll: true });
    behind.scrollIntoView({ block: 'nearest' });
  }

  return { matrix: target.classes.length <= mostClasses ? matrix(target, toggle) : pairs(target, toggle), panel };
}

type Toggle = (button: HTMLElement, truth: number, predicted: number) => void;

function matrix(run: Target, toggle: Toggle): HTMLElement {
  const small = run.classes.length > 4;
  const cell = (truth: number, predicted: number): HTMLElement => {
    const [count, total] = [run.confusion[truth][predicted], run.perClass[truth].support];
    const share = total > 0 ? count / total : 0;
    const button: HTMLElement = h('button', {
      type: 'button', class: `cell ${truth === predicted ? 'right' : 'wrong'}${share > 0.55 ? ' strong' : ''}${count === 0 ? ' none' : ''}`, style: `--share: ${(6 + 94 * share).toFixed(1)}%`,
      'data-truth': truth, 'data-predicted': predicted, 'aria-expanded': 'false', disabled: count === 0, click: () => toggle(button, truth, predicted),
      'aria-label': `true ${run.classes[truth]}, predicted ${run.classes[predicted]}: ${plural(count, 'row')}, ${percent(share)} of the true class`,
    }, h('b', {}, whole(count)), small ? null : h('span', {}, percent(share)));
    return h('td', {}, button);
  };
  return h('div', {}, h('div', { class: 'scroll' }, h('table', { class: `confusion${small ? ' small' : ''}`, 'aria-label': 'Confusion matrix' },
    h('thead', {}, h('tr', {}, h('td'), run.classes.map(name => h('th', { scope: 'col' }, h('span', { title: name }, name))))),
    h('tbody', {}, run.classes.map((name, truth) => h('tr', {}, h('th', { scope: 'row' }, h('span', { title: name }, name)), run.classes.map((_, predicted) => cell(truth, predicted))))))),
    h('p', { class: 'note' }, 'Rows: true class. Columns: predicted class. Shade: share of the true class.'));
}

function pairs(run: Target, toggle: Toggle): HTMLElement {
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
