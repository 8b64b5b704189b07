//! The rpc service of a resource, written from its name.

/// Writes `impl ThemeService for Themes` with the five standard verbs, of a type that implements
/// [`Resource`](crate::Resource) and has its database in the field `store`. The contract's types must be in scope.
///
/// ```ignore
/// store::serve!(ThemeService for Themes, theme, themes);
/// store::serve!(CommitmentService for Commitments, commitment, commitments, {
///     async fn fulfil_commitment(&self, request: Request<FulfilCommitmentRequest>) -> Reply<Commitment> { … }
/// });
/// ```
#[macro_export]
macro_rules! serve {
    ($service:ident for $records:ty, $one:ident, $many:ident $(, { $($custom:tt)* })?) => {
        $crate::pastey::paste! {
            #[$crate::tonic::async_trait]
            impl $service for $records {
                async fn [<get_ $one>](
                    &self,
                    request: $crate::tonic::Request<[<Get $one:camel Request>]>,
                ) -> $crate::Reply<[<$one:camel>]> {
                    $crate::get::<Self>(&self.store, request).await
                }

                async fn [<list_ $many>](
                    &self,
                    request: $crate::tonic::Request<[<List $many:camel Request>]>,
                ) -> $crate::Reply<[<List $many:camel Response>]> {
                    $crate::list::<Self>(&self.store, request).await
                }

                async fn [<create_ $one>](
                    &self,
                    request: $crate::tonic::Request<[<Create $one:camel Request>]>,
                ) -> $crate::Reply<[<$one:camel>]> {
                    $crate::create::<Self>(&self.store, request).await
                }

                async fn [<update_ $one>](
                    &self,
                    request: $crate::tonic::Request<[<Update $one:camel Request>]>,
                ) -> $crate::Reply<[<$one:camel>]> {
                    $crate::update::<Self>(&self.store, request).await
                }

                async fn [<retire_ $one>](
                    &self,
                    request: $crate::tonic::Request<[<Retire $one:camel Request>]>,
                ) -> $crate::Reply<[<$one:camel>]> {
                    $crate::retire::<Self>(&self.store, request).await
                }

                $($($custom)*)?
            }
        }
    };
}
