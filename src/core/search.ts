import { foldCase } from './fold.ts'

/** Words are compared by their first 64 characters, so that one word cannot fill an index. */
const LONGEST = 64

const ASCII = /^[\x20-\x7e\t\n\r]*$/
const ASCII_WORD = /[a-z0-9]+/g
/**
 * Scripts written without spaces: each character is a word of its own. Elsewhere a word is a run of
 * letters and digits.
 */
const WORD =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]|(?:(?![\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}])[\p{L}\p{N}])+/gu

/**
 * The distinct words of a text as every store indexes and compares them: folded (`foldCase`),
 * accents dropped.
 */
export const tokenize = (text: string): string[] => {
  const found = ASCII.test(text) ? text.toLowerCase().match(ASCII_WORD) : fold(text).match(WORD)
  return [
    ...new Set(
      found?.map((word) => (word.length > LONGEST ? [...word].slice(0, LONGEST).join('') : word)),
    ),
  ]
}

const fold = (text: string): string => foldCase(text).replace(/\p{M}+/gu, '')
