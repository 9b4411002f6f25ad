// What the page shows, as the program writes it (docs/file-formats.md: the data of report.html). Anything may be null or missing
// where a kind of run has no such thing: sections without data are left out.

export interface Score { value: number | null; low: number | null; high: number | null }

export interface RunInfo {
  name: string;
  task: string;
  started: string | null;
  finished: string | null;
  seconds: number | null;
  facts: { name: string; value: string }[];
}

export interface Headline {
  metric: string;
  name: string;
  score: Score;
  rows: number;
  unlabelled: number;
  baseline: { name: string; score: Score } | null;
}

export interface Leaderboard {
  columns: { name: string; higher: boolean }[];
  rows: { name: string; kind: 'member' | 'blend' | 'baseline'; scores: Score[]; cells: number; seconds: number; peakBytes: number; folds: { name: string; rmse: Score; mae: Score; seconds: number }[] }[];
}

/** What the blend or test-time views brought in one answer: a difference on the same rows. */
export interface Gain {
  of: string;
  over: string;
  /** Of several answers; else empty. */
  name: string;
  measure: string;
  difference: Score;
  loss: Score;
}

/** Columns of numbers of the same length; thinned where there were more than can be drawn. */
export interface Curve {
  update: number[];
  loss: (number | null)[];
  rate: (number | null)[];
  bytes: (number | null)[];
}

export interface Cell {
  name: string;
  updates: number;
  bestUpdate: number | null;
  seconds: number | null;
  peakBytes: number | null;
  predictedPeak: number | null;
  limit: number | null;
  tokensPerSecond: number | null;
  replays: number;
  curve: Curve;
  evaluations: { update: number; loss: number | null; accuracy: number | null; macroF1: number | null; best: boolean }[];
}

/** What is said of a row in one target. Classes, levels and flags (no, yes) are places in the target's classes. */
export interface Said {
  /** The truth; null where it is not known. */
  label: number | null;
  predicted: number;
  /** Probability of the predicted class, and of the true one; not of a number. */
  p?: number;
  q?: number | null;
  /** How wrong it is, as the target's kind measures it. */
  loss?: number | null;
  /** In place of label and predicted, of labels those that are predicted or true: place, probability, whether it is true. */
  labels?: [number, number, boolean][];
  /** Labels beyond those. */
  more?: number;
  right?: boolean;
}

export interface Row {
  id: string;
  text: string | null;
  /** By each target; a run of one class has one. */
  says: Said[];
  fold: number | null;
  /** Of a run of pictures: which of them; null: not in this page. */
  picture?: number | null;
}

/** Small pictures of a run of pictures, as JPEG in base64. */
export interface Pictures {
  side: number;
  wanted: number;
  jpegs: string[];
}

/** Where a model looked in a picture. */
export interface Look {
  row: number;
  cell: string;
  method: string;
  predicted: number;
  probability: number;
  /** Left, top, width and height of the grid, in shares of the picture's sides. */
  frame: [number, number, number, number];
  height: number;
  width: number;
  /** Row by row, 0 to 100. */
  values: number[];
}

export interface Explanation {
  row: number;
  cell: string;
  predicted: number;
  against: number;
  probability: number;
  tokens: string[];
  /** Per token: gradient x input of the predicted class's logit less the other's. */
  gradient: number[];
  /** Per token: what the probability of the predicted class loses when the token is masked; null where it was not computed. */
  occlusion: number[] | null;
}

export interface LabelIssues {
  rows: number;
  issues: number;
  health: number;
  filter: string;
  score: string;
  perClass: { class: string; quality: number; issues: number; inverseIssues: number }[];
  queue: { row: number; suggested: number; quality: number; votes: number[] | null }[];
}

export interface SimilarRow {
  set: 'train' | 'test';
  id: string;
  fold: number | null;
  given: string | null;
  text: string | null;
  picture?: number | null;
}

export interface DuplicateGroup {
  distance: number;
  differentLabels: boolean;
  acrossTest: boolean;
  acrossFolds: boolean;
  /** Of pictures: the same file under several names. */
  sameFile?: boolean;
  /** All rows of the group; some of them are here. */
  count: number;
  rows: SimilarRow[];
}

export interface Similar {
  /** Null where only files were compared. */
  by: string | null;
  outliers: { rows: number; outliers: number; queue: (SimilarRow & { score: number; outlier: boolean })[] };
  duplicates: { groups: number; rows: number; differentLabels: number; acrossTest: number; acrossFolds: number; list: DuplicateGroup[] };
}

export interface Slices {
  tested: number;
  level: number;
  overall: number;
  slices: { column: string; value: string; rows: number; accuracy: number; rest: number; difference: number; low: number; high: number; p: number; adjusted: number }[];
}

export interface DataSummary {
  rows: number;
  testRows: number;
  classes: { name: string; rows: number }[];
  lengths: { min: number; median: number; mean: number; p95: number; max: number } | null;
  empty: number | null;
  repeats: { what: string; texts: number; rows: number }[];
  truncation: { member: string; rows: number; truncated: number; lostTokens: number; allTokens: number; maxLength: number; vocabulary: number }[];
}

/** Items of a run of task ratings. */
export interface Ratings {
  wellKnown: number;
  liked: { title: string; bias: number; ratings: number }[];
  disliked: { title: string; bias: number; ratings: number }[];
  axes: { share: number; low: string[]; high: string[] }[];
  points: { title: string; x: number; y: number; bias: number }[];
}

/** What is told apart: its classes, how they are confused (rows: true class), and each one's scores. */
export interface Confused {
  classes: string[];
  confusion: number[][];
  perClass: { name: string; precision: number; recall: number; f1: number; support: number }[];
}

/** Something that a run says of every row. */
export interface Target extends Confused {
  /** Empty where a run says but one thing. */
  name: string;
  kind: 'class' | 'ordinal' | 'flag' | 'labels' | 'number';
  /** Rows whose truth is known. */
  known: number;
  /** Per non-empty cell of the confusion matrix, the rows that are embedded. */
  confusionRows: { truth: number; predicted: number; rows: number[] }[];
  topLosses: number[];
}

export interface RunData extends Confused {
  version: number;
  run: RunInfo;
  headline: Headline | null;
  scores: ({ name: string } & Score)[];
  moreScores: ({ name: string } & Score)[];
  leaderboard: Leaderboard | null;
  gains: Gain[];
  cells: Cell[];
  /** Empty where one class is told. */
  targets: Target[];
  reliability: { error: number; bins: { low: number; high: number; count: number; accuracy: number | null; confidence: number | null }[] } | null;
  rows: Row[];
  confusionRows: Target['confusionRows'];
  topLosses: number[];
  /** Rows taken at random. */
  sample: number[];
  explanations: Explanation[];
  labelIssues: LabelIssues | null;
  /** Of a run of pictures; so is where a model looked. */
  pictures?: Pictures;
  looks?: Look[];
  similar: Similar | null;
  ratings: Ratings | null;
  slices: Slices | null;
  data: DataSummary | null;
  recipe: string;
  surprises: { kind: string; text: string }[];
  limits: { rows: number; embedded: number; textCharacters: number; shortenedTexts: number };
}

/** The run to show. Today it stands in the page; a live run will be fetched here, and nothing else of the page changes. */
export async function loadRun(): Promise<RunData> {
  const element = document.getElementById('run-data');
  const run = JSON.parse(element?.textContent || 'null') as RunData | null;
  if (!run) throw new Error('this page holds no run');
  if (run.version !== 1) throw new Error(`the run's data are of version ${run.version}, this page reads version 1`);
  // What one class says of a row stands in the row itself.
  for (const row of run.rows) row.says ??= [row as unknown as Said];
  return run;
}

/** What the run says of each row, in the order of its rows' says. */
export const targetsOf = (run: RunData): Target[] => run.targets.length > 0 ? run.targets
  : [{ name: '', kind: 'class', known: run.rows.length, classes: run.classes, confusion: run.confusion, perClass: run.perClass, confusionRows: run.confusionRows, topLosses: run.topLosses }];
