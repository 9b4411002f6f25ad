import { h, signed } from './dom';
import type { Explanation } from './data';

export type Method = 'gradient' | 'occlusion';

/** How vocabularies mark what follows a blank (SentencePiece, byte-level BPE), and what goes on (WordPiece). */
function pieces(tokens: string[]): { text: string; blank: boolean }[] {
  const marked = tokens.some(token => /^[\u2581\u0120]/.test(token));
  return tokens.map((token, i) => {
    if (/^[\u2581\u0120]/.test(token)) return { text: token.slice(1), blank: i > 0 };
    if (token.startsWith('##')) return { text: token.slice(2), blank: false };
    return { text: token, blank: i > 0 && !marked };
  });
}

/** A text with a shade per token: for the predicted class, or against it. */
export function shaded(explanation: Explanation, method: Method): HTMLElement {
  const values = (method === 'occlusion' ? explanation.occlusion : null) ?? explanation.gradient;
  const most = Math.max(...values.map(Math.abs), 1e-12);
  const children: (HTMLElement | string)[] = [];
  pieces(explanation.tokens).forEach((piece, i) => {
    if (piece.blank) children.push(' ');
    const strength = Math.round(100 * Math.abs(values[i]) / most);
    children.push(h('span', { class: values[i] >= 0 ? 'for' : 'against', style: `--strength: ${strength}%`, title: signed(values[i], 4) }, piece.text));
  });
  return h('span', { class: 'tokens' }, children);
}
