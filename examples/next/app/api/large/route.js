import { largeValue } from '../../../lib/values.js'

export async function GET(request) {
  const text = await largeValue()
  return Response.json({ number: request.nextUrl.searchParams.get('n'), start: text.slice(0, 36), length: text.length })
}
