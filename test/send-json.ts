import { expect } from 'vitest'

/** Sends a request over the network; a body goes as JSON. */
export const sendJson = (
  url: string,
  method: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> =>
  body === undefined
    ? fetch(url, { method, headers })
    : fetch(url, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })

/** What a GET is answered, which is 200 with JSON. */
export const read = async <T>(url: string): Promise<T> => {
  const response = await fetch(url)
  expect(response.status, url).toBe(200)
  return response.json() as Promise<T>
}
