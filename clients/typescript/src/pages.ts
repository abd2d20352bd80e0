/** The items of a list, page after page, each page read when the loop asks for its first item. */
export async function* itemsOf<Item, Page extends { readonly nextPageToken: string }>(
  firstPageToken: string | undefined,
  readPage: (pageToken: string | undefined) => Promise<Page>,
  items: (page: Page) => readonly Item[],
): AsyncGenerator<Item, void, undefined> {
  let pageToken = firstPageToken;
  do {
    const page = await readPage(pageToken);
    yield* items(page);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
}
