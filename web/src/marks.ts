import { h, number } from './dom';
import type { Score } from './data';

/** A value with its interval as a dot on a line, on a scale shared by all that are to be compared. */
export function whisker(score: Score, scale: [number, number], zero?: number): HTMLElement {
  const [low, high] = scale;
  const at = (value: number): string => (2 + 96 * Math.min(1, Math.max(0, (value - low) / (high - low || 1)))).toFixed(2);
  const beyond = score.value !== null && (score.value < low || score.value > high);
  const label = `${number(score.value)}, 95 % interval ${number(score.low)} to ${number(score.high)}`;
  return h('svg', { class: 'whisker', role: 'img', 'aria-label': label, viewBox: '0 0 100 12', preserveAspectRatio: 'none' },
    h('title', {}, label),
    zero === undefined ? null : h('line', { class: 'zero', x1: at(zero), x2: at(zero), y1: 0, y2: 12 }),
    score.low === null || score.high === null || beyond ? null : h('line', { class: 'range', x1: at(score.low), x2: at(score.high), y1: 6, y2: 6 }),
    score.value === null ? null : h('line', { class: beyond ? 'dot beyond' : 'dot', x1: at(score.value), x2: at(score.value), y1: 6, y2: 6 }));
}

/** The range that holds all of the scores and their intervals, with a little room. */
export function scaleOf(scores: Score[], ...more: number[]): [number, number] {
  const values = [...scores.flatMap(score => [score.value, score.low, score.high]), ...more].filter((value): value is number => value !== null);
  if (values.length === 0) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || 1) * 0.03;
  return [low - room, high + room];
}

export const interval = (score: Score): HTMLElement => h('span', { class: 'interval' }, `${number(score.low)} to ${number(score.high)}`);
