import { describe, expect, test } from 'vitest'
import { mayLeaveBlockOpen } from '#src/github/issue/open-block.ts'

const OPEN = [
  '```',
  '~~~ sh\necho',
  'text\n```js\ncode',
  '````\n```',
  '```\n~~~',
  '```\n    ```',
  '```\n``` x',
  '```\na\n```\n\n```\nb',
  '<pre>\n\ntext',
  '<!-- a\n\ntext',
  '<?php\n\ntext',
  '<![CDATA[\n\ntext',
  '<!X\n\ntext',
]
/**
 * A reader of Markdown knows that nothing is open here; telling so takes more rules than it is
 * worth.
 */
const IN_DOUBT = [
  '- ```\n  a\n  ```',
  '> ```\n> a\n> ```',
  '   ```\n   a\n   ```',
  '`` ``` ``',
  '<div>\n```\n```\n</div>',
]

const CLOSED = [
  '',
  'text',
  '    indented code',
  '- item\n\n      code',
  '> quote',
  '`code` and ``more',
  '```\na\n```',
  ' ~~~\na\n~~~~  ',
  '```\n- ```\n<pre>\n```',
  '<details>\n\n```sh\necho\n```\n\n</details>',
  '<!-- a comment -->',
  'a < b <pre>',
]

describe('a text after which Markdown', () => {
  test.each(OPEN)('would still be in a block: %j', (text) =>
    expect(mayLeaveBlockOpen(text)).toBe(true),
  )
  test.each(IN_DOUBT)('may still be in a block: %j', (text) =>
    expect(mayLeaveBlockOpen(text)).toBe(true),
  )
  test.each(CLOSED)('begins a new block: %j', (text) => expect(mayLeaveBlockOpen(text)).toBe(false))
})
