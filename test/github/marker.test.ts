import { describe, expect, test } from 'vitest'
import { createMarker, MARKER_LENGTH, splitAtMarkers } from '#src/github/issue/marker.ts'
import { MARKER, TASK_ID, taskOf, toMarker } from './synced-arbitraries.ts'

const OTHER_ID = '0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5f'

describe('a marker', () => {
  test('is one HTML comment of a known length, the same for the same key and task', () => {
    expect(MARKER).toMatch(
      /^<!-- task-manager-api task=0192a0c0-7b1a-7c3e-9f52-6f1d2b3c4d5e mac=[\w-]{43} -->$/,
    )
    expect(MARKER).toHaveLength(MARKER_LENGTH)
    expect(createMarker(Buffer.from('a key')).toMarker(TASK_ID)).toBe(MARKER)
  })

  test('names its task on any line of its own, and twice too', () => {
    for (const body of [
      MARKER,
      `text\n\n${MARKER}`,
      `${MARKER}\r\ntext`,
      `a\r\n${MARKER} \r\nb`,
      `${MARKER}\n${MARKER}`,
    ]) {
      expect(taskOf(body)).toBe(TASK_ID)
    }
  })

  test('that is quoted names none', () => {
    for (const body of [
      `> ${MARKER}`,
      `a ${MARKER} b`,
      `    ${MARKER}`,
      `- ${MARKER}`,
      `\`${MARKER}\``,
      MARKER + MARKER,
    ]) {
      expect(taskOf(body)).toBeUndefined()
    }
  })

  test('of another key, task or form names none', () => {
    const foreign = createMarker('another key').toMarker(TASK_ID)
    const lastFlipped = MARKER.replace(/. -->$/, (end) => (end.startsWith('A') ? 'B -->' : 'A -->'))
    const forged = [
      foreign,
      MARKER.replace(TASK_ID, OTHER_ID),
      MARKER.toUpperCase(),
      MARKER.slice(0, -5),
      lastFlipped,
      '',
      'text',
    ]
    for (const body of forged) expect(taskOf(body)).toBeUndefined()
  })

  test('is told from a forged one beside it', () => {
    expect(taskOf(`${MARKER.replace(TASK_ID, OTHER_ID)}\n${MARKER}`)).toBe(TASK_ID)
  })

  test('of two tasks in one text names none', () => {
    expect(taskOf(`${MARKER}\n${toMarker(OTHER_ID)}`)).toBeUndefined()
  })

  test('is taken out of a text, whoever made it', () => {
    const foreign = createMarker('another key').toMarker(OTHER_ID)
    expect(splitAtMarkers(`a${MARKER}b${foreign}c`)).toEqual(['a', 'b', 'c'])
    expect(splitAtMarkers('<!-- task-manager-api -->')).toEqual(['<!-- task-manager-api -->'])
  })
})
