/** A line of text that knows, for each of its characters, where in which file it comes from. */
import type { Position } from '../report.ts';

interface Mark {
  /** Index from which on it holds. */
  readonly start: number;
  readonly at: Position;
  /** Characters stand one after the other in the file; otherwise all of them stand for what is at `at`. */
  readonly verbatim: boolean;
}

export class Text {
  static readonly empty = new Text('', []);
  readonly text: string;
  readonly #marks: readonly Mark[];

  private constructor(text: string, marks: readonly Mark[]) {
    this.text = text;
    this.#marks = marks;
  }

  /** As it stands in a file, beginning at `at`. */
  static verbatim(text: string, at: Position): Text {
    return new Text(text, [{ start: 0, at, verbatim: true }]);
  }

  /** Stands for something else that is written at `at`. */
  static standIn(text: string, at: Position): Text {
    return new Text(text, [{ start: 0, at, verbatim: false }]);
  }

  static join(parts: readonly Text[]): Text {
    const marks: Mark[] = [];
    let text = '';
    for (const part of parts) {
      for (const mark of part.#marks) marks.push({ ...mark, start: mark.start + text.length });
      text += part.text;
    }
    return new Text(text, marks);
  }

  slice(from: number, to = this.text.length): Text {
    const marks = this.#marks
      .filter((mark, i) => mark.start < to && (this.#marks[i + 1]?.start ?? Number.POSITIVE_INFINITY) > from)
      .map((mark) => ({
        ...mark,
        start: Math.max(mark.start - from, 0),
        at: this.#moved(mark, Math.max(mark.start, from)),
      }));
    return new Text(this.text.slice(from, to), marks);
  }

  trim(): Text {
    const start = this.text.length - this.text.trimStart().length;
    return this.slice(start, Math.max(start, this.text.trimEnd().length));
  }

  /** Where the character at `index` comes from, as the beginning of `length` of them. */
  positionOf(index: number, length = 1): Position {
    const mark = this.#marks.length === 1 ? this.#marks[0]! : this.#markAt(index);
    if (!mark.verbatim) return mark.at;
    const { file, line, column, via } = mark.at;
    const moved = column + Math.max(index - mark.start, 0);
    return via === undefined ? { file, line, column: moved, length } : { file, line, column: moved, length, via };
  }

  #markAt(index: number): Mark {
    return this.#marks.findLast(({ start }) => start <= index) ?? this.#marks[0]!;
  }

  #moved({ start, at, verbatim }: Mark, index: number): Position {
    return verbatim ? { ...at, column: at.column + Math.max(index - start, 0) } : at;
  }
}
