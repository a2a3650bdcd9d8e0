/** A code fence at the start of a line opens a code block in any context except HTML. */
const FENCE = /^ ?(`{3,}(?=[^`]*$)|~{3,})/
/**
 * Elsewhere it may be part of a list item or a quote, or plain text: only a whole parser could
 * decide.
 */
const MAYBE_FENCE = /```|~~~/
/** HTML that goes on until its end is found; all other HTML ends at a blank line. */
const UNBOUNDED_HTML = /^ {0,3}<(?:pre|script|style|textarea|\?|!(?!--.*-->))/i
const HTML = /^ {0,3}</
const BLANK = /^[ \t]*$/

/**
 * Whether Markdown may read what follows a text as part of its last code or HTML block. True when
 * in doubt.
 * Sources: https://spec.commonmark.org/0.31.2/#fenced-code-blocks and #html-blocks
 *
 * @param text its lines end in LF
 */
export const mayLeaveBlockOpen = (text: string): boolean => {
  let fence: string | undefined
  let isHtml = false
  for (const line of text.split('\n')) {
    if (fence !== undefined) {
      if (isEndOf(fence, line)) fence = undefined
      continue
    }
    isHtml = (isHtml && !BLANK.test(line)) || HTML.test(line)
    fence = isHtml ? undefined : FENCE.exec(line)?.[1]
    if (fence === undefined && (MAYBE_FENCE.test(line) || UNBOUNDED_HTML.test(line))) return true
  }
  return fence !== undefined
}

/**
 * A code block ends at a fence of the same characters that is as long or longer, alone on its line.
 */
const isEndOf = (fence: string, line: string): boolean =>
  /^ {0,3}(`+|~+)[ \t]*$/.exec(line)?.[1]?.startsWith(fence) === true
