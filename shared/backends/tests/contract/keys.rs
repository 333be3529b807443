//! What all keys must do.

use logbook_backends::Keys;
use logbook_model::ProductId;

/// Of keys, and of the same keys opened once more.
pub(crate) async fn derived_keys_differ_by_use_and_product(keys: &Keys, again: &Keys) {
    let (a, b) = (ProductId::new("a").unwrap(), ProductId::new("b").unwrap());
    let all = [
        *keys.content_hash_key(&a).await.unwrap().expose(),
        *keys.content_hash_key(&b).await.unwrap().expose(),
        *keys.pseudonym_key(&a).await.unwrap().expose(),
        *keys.pseudonym_key(&b).await.unwrap().expose(),
    ];
    for (n, key) in all.iter().enumerate() {
        assert!(!all[..n].contains(key));
        assert!(!format!("{keys:?}").contains(&format!("{key:?}")));
    }
    assert_eq!(again.pseudonym_key(&a).await.unwrap().expose(), &all[2]);
    assert_eq!(again.content_hash_key(&b).await.unwrap().expose(), &all[1]);
}
