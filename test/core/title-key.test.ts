import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { titleKey } from '#src/core/title-key.ts'
import { byCodePoint, titles } from './task-arbitraries.ts'

const compareTitles = (a: string, b: string): number => byCodePoint(titleKey(a), titleKey(b))

/** What each title is sorted by before its text. */
const foldedOf = (title: string): string => titleKey(title).slice(0, -title.length - 1)

describe('titles are sorted', () => {
  test.for([
    ['without case', ['apple', 'Banana', 'cherry', 'Date']],
    ['without accents', ['eagle', 'Éclair', 'edge', 'être', 'Zebra']],
    [
      'by the text where only case or accents differ',
      ['ECLAIR', 'Eclair', 'eclaiR\u0301', 'eclair', 'Éclair', 'éclair'],
    ],
    [
      'a title before each longer one that begins with it',
      ['a', 'A b', 'ab', 'Ab c', 'a\u{1F600}'],
    ],
    [
      'with strokes and ligatures as accents',
      ['aesop', 'Æther', 'afar', 'Łódź', 'lofty', 'orest', 'Øresund'],
    ],
    ['with sharp s as ss', ['Strasse', 'Straße', 'strassen', 'strata']],
    ['with full-width letters as letters', ['a', 'Ｂ', 'c']],
    ['in Greek and Cyrillic as well', ['άλφα', 'Βήτα', 'γάμμα', 'Ёлка', 'ель', 'Жук']],
    ['with the vowel signs of Hindi', ['कल', 'का', 'काल', 'की']],
    [
      'with characters beyond the basic plane last',
      ['z', '中', '\uE000', '\uFFFD', '\u{10000}', '\u{1F600}'],
    ],
    ['with titles that are marks alone first', ['\u0301', '\u0302\u0303', '1', 'a']],
  ] as const)('%s', ([, inOrder]) => {
    expect([...inOrder].reverse().sort(compareTitles)).toEqual(inOrder)
  })

  test('by text alone only when they fold to the same', () => {
    fc.assert(
      fc.property(titles, titles, (a, b) => {
        const order = byCodePoint(foldedOf(a), foldedOf(b)) || byCodePoint(a, b)
        expect(Math.sign(compareTitles(a, b))).toBe(Math.sign(order))
      }),
      { numRuns: 1000 },
    )
  })

  test('alike only when they are the same', () => {
    fc.assert(
      fc.property(titles, titles, (a, b) => {
        expect(compareTitles(a, b) === 0).toBe(a === b)
      }),
    )
  })
})

describe('a folded title', () => {
  test('is the same in any case, composed or not', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Élan', 'straße', 'ΟΔΟΣ', 'İstanbul', 'Ёлка', 'ﬁn', '한국', 'Ấp'),
        (title) => {
          const forms = [
            title.toUpperCase(),
            title.toLowerCase(),
            title.normalize('NFD'),
            title.normalize('NFC'),
          ]
          expect(forms.map(foldedOf)).toEqual(forms.map(() => foldedOf(title)))
        },
      ),
    )
  })

  test('is never longer than a title may be', () => {
    for (const long of ['ﷺ', 'ß', '각', '\u{1D400}', '\u{1F600}', 'a', 'Æ']) {
      expect([...foldedOf(long.repeat(500))].length).toBeLessThanOrEqual(500)
      expect(foldedOf(long.repeat(500)).isWellFormed()).toBe(true)
    }
  })

  test('that is cut leaves the order to the text', () => {
    const [a, b] = [`${'ß'.repeat(499)}a`, `${'ß'.repeat(499)}b`]
    expect(foldedOf(a)).toBe(foldedOf(b))
    expect(compareTitles(a, b)).toBeLessThan(0)
  })
})
