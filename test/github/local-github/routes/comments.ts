import { validationFailed } from '../answer.ts'
import { type Handler, reading, writing } from '../call.ts'
import { commentOn } from '../changes.ts'
import { answerPage } from '../paging.ts'
import { serializeComment } from '../serialize.ts'
import { MAX_BODY, withIssue } from './issues.ts'

export const listComments: Handler = reading((call, repository) =>
  withIssue(
    call,
    repository,
    (issue) => {
      const since =
        call.parameters.since === undefined ? 0 : Date.parse(String(call.parameters.since))
      const comments = repository.comments.filter(
        ({ issueNumber, createdAt }) => issueNumber === issue.number && createdAt >= since,
      )
      return answerPage(call, repository, comments, (comment) =>
        serializeComment(call.api, repository, comment),
      )
    },
    true,
  ),
)

export const postComment: Handler = writing((call, repository) =>
  withIssue(call, repository, (issue) => {
    const text = String(call.body.body)
    if (text.trim() === '')
      return validationFailed([{ resource: 'IssueComment', code: 'missing_field', field: 'body' }])
    if ([...text].length > MAX_BODY) {
      const message = 'body is too long (maximum is 65536 characters)'
      return validationFailed([
        { resource: 'IssueComment', code: 'custom', field: 'body', message },
      ])
    }
    const comment = serializeComment(
      call.api,
      repository,
      commentOn(call.world, repository, issue, call.credential.user, text),
    )
    return { status: 201, body: comment, headers: { location: comment.url } }
  }),
)
