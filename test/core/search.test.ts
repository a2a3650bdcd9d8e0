import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tokenize } from '#src/core/search.ts'

/** Whether a search for `query` finds `text`, by the rule that every store follows. */
const finds = (query: string, text: string): boolean => {
  const words = tokenize(text)
  return tokenize(query).every((sought) => words.some((word) => word.startsWith(sought)))
}

const letters = fc.constantFrom(
  ...'aZ0ßẞſςΣσİıIiÉé가각東カがｶﬁǅŉᾴΐΰᾳᾼ½Ⅷ한👍🏽क़िאًЖЁё',
  'e\u0301',
  '\u{1D400}',
  'ö',
)
const texts = fc.oneof(
  fc.string({ unit: letters, maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
)

describe('toWords', () => {
  test.for([
    ['letters of any case', 'Renew the CERTIFICATE', ['renew', 'the', 'certificate']],
    ['what is between words', 'a-b_c.d/e\tf\ng', ['a', 'b', 'c', 'd', 'e', 'f', 'g']],
    ['numbers', 'v2 2026-03', ['v2', '2026', '03']],
    ['repeats once', 'ab AB aB', ['ab']],
    ['accents composed', 'Éclair à la crème', ['eclair', 'a', 'la', 'creme']],
    ['accents decomposed', 'E\u0301clair', ['eclair']],
    ['sharp s', 'Straße', ['strasse']],
    ['capital sharp s', 'STRAẞE', ['strasse']],
    ['long s', 'Wiſſen', ['wissen']],
    ['final sigma', 'ΟΔΟΣ οδος', ['οδοσ']],
    ['Greek accents', 'Άνθρωπος', ['ανθρωποσ']],
    ['Turkish dotted capital', 'İstanbul', ['istanbul']],
    ['Turkish dotless', 'Kızıl', ['kizil']],
    ['ligatures and widths', 'ﬁle ＡＢＣ Ⅷ', ['file', 'abc', 'viii']],
    ['Cyrillic', 'Ёлка ЁЛКА', ['елка']],
    ['Han one by one', '東京 2026', ['東', '京', '2026']],
    ['kana one by one, voiced or not', 'がカｶﾞ', ['か', 'カ']],
    ['Han beside Latin', 'v2東京ab', ['v2', '東', '京', 'ab']],
    ['mathematical letters', '\u{1D400}\u{1D401}', ['ab']],
    ['no word', ' \u00a0!?…—👍🏽 \n', []],
    ['nothing', '', []],
  ] as const)('takes %s', ([, text, expected]) => {
    expect(tokenize(text)).toEqual(expected)
  })

  test('cuts a word after 64 characters, whole ones also beyond the basic plane', () => {
    expect(tokenize('x'.repeat(65))).toEqual(['x'.repeat(64)])
    expect(tokenize('\u{10400}'.repeat(70))).toEqual(['\u{10428}'.repeat(64)])
    expect(tokenize('\u{10428}'.repeat(64))).toEqual(['\u{10428}'.repeat(64)])
    expect(finds('x'.repeat(100), 'x'.repeat(80))).toBe(true)
  })

  test('gives words that are words: distinct, well formed, of letters and digits, 64 at most', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const words = tokenize(text)
        expect(new Set(words).size).toBe(words.length)
        for (const word of words) expect(word).toMatch(/^[\p{L}\p{N}\p{sc=Han}]{1,64}$/u)
      }),
    )
  })

  test('takes the words that it gave for themselves', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(tokenize(tokenize(text).join(' '))).toEqual(tokenize(text))
      }),
    )
  })

  test('does not tell the cases of one character apart', () => {
    fc.assert(
      fc.property(texts, (text) => {
        for (const character of text) {
          const cases = [
            character.toLowerCase(),
            character.toUpperCase(),
            character.normalize('NFD'),
            character.normalize('NFC'),
          ]
          for (const other of cases)
            expect([character, tokenize(other)]).toEqual([character, tokenize(character)])
        }
      }),
    )
  })

  test('lets each beginning of a word of a text find the text', () => {
    /** A symbol may unfold into letters (㎏), so where there are some a word begins elsewhere than it seems. */
    const plain = texts.map((text) => text.replace(/\p{S}/gu, ' '))
    fc.assert(
      fc.property(plain, fc.nat(), fc.nat(), (text, which, length) => {
        const words = text.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu) ?? []
        const word = [...(words[which % Math.max(1, words.length)] ?? '')]
        const beginning = word.slice(0, 1 + (length % Math.max(1, word.length))).join('')
        expect([beginning, finds(beginning, text)]).toEqual([beginning, true])
      }),
      { numRuns: 1000 },
    )
  })

  test('lets a text be found in whatever case it is written', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(finds(text.toUpperCase(), text)).toBe(true)
        expect(finds(text.toLowerCase(), text)).toBe(true)
      }),
    )
  })

  test('reads a long text in little time', () => {
    const started = performance.now()
    tokenize('é'.repeat(65_536))
    tokenize('ab '.repeat(20_000))
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
