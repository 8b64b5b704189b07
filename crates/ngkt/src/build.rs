//! Which build this is, as the build script found out.

use chassis::build::Build;

/// This build.
pub(crate) const BUILD: Build = Build {
    version: env!("CARGO_PKG_VERSION"),
    commit: env!("NGKT_BUILD_COMMIT"),
    target: env!("NGKT_BUILD_TARGET"),
    profile: env!("NGKT_BUILD_PROFILE"),
    compiler: env!("NGKT_BUILD_COMPILER"),
};

/// What `ngkt version` prints.
pub(crate) fn told() -> String {
    let Build { version, commit, target, profile, compiler } = BUILD;
    format!("ngkt {version}\ncommit   {commit}\nbuild    {profile} for {target}\ncompiler {compiler}")
}
