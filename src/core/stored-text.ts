import type { TableEntity } from './entity.ts'
import type { FieldTable } from './field-table.ts'

export type TextReader = ReturnType<typeof createTextReader>

/**
 * Reads stored JSON texts of entities as this version answers them: those of earlier versions may
 * lack fields. A mark, the name of a field, is in no string, where its quotes would be escaped.
 */
export const createTextReader = <E extends TableEntity>(
  table: Pick<FieldTable<E>, 'fields' | 'withDefaults'>,
) => {
  const marks = table.fields.filter(({ isLater }) => isLater).map(({ name }) => `,"${name}":`)
  const markBytes = marks.map((mark) => Buffer.from(mark))

  const toText = (stored: E): string => JSON.stringify(table.withDefaults(stored))

  return {
    one: (text: string): string =>
      marks.every((mark) => text.includes(mark)) ? text : toText(JSON.parse(text)),

    /** Of texts that are joined by commas. */
    joined(texts: Buffer): Buffer {
      const count = countOf(texts, START)
      if (markBytes.every((mark) => countOf(texts, mark) === count)) return texts
      const entities = JSON.parse(`[${texts}]`) as E[]
      return Buffer.from(entities.map(toText).join())
    },
  }
}

/** Of each text. */
const START = Buffer.from('{"id":')

const countOf = (texts: Buffer, mark: Buffer): number => {
  let count = 0
  for (let at = texts.indexOf(mark); at >= 0; at = texts.indexOf(mark, at + mark.length)) count += 1
  return count
}
