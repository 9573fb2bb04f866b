using System.Runtime.InteropServices;
using System.Text;

namespace ImGateway.Edge.Tls.Policy;

/// <summary>
/// Loads <c>tls-policy.cnf</c> into OpenSSL, or <c>tls-policy-3.5.cnf</c> from 3.5 on. Must be the first act of <c>Main</c>: once .NET has used any
/// cryptography the call still succeeds and changes nothing, which <see cref="PolicyProof"/> would find.
/// </summary>
public static class TlsPolicyFile
{
    const ulong LoadConfig = 0x40; // OPENSSL_INIT_LOAD_CONFIG

    /// <summary>OPENSSL_VERSION_NUMBER(3) of 3.5.0: the first with X25519MLKEM768 and with the syntax that prefers it.</summary>
    const nuint Newer = 0x30500000;

    /// <summary>The policy file, beside the program.</summary>
    public static string Path { get; private set; } = Beside("tls-policy.cnf");

    /// <summary>Why the policy could not be loaded; null if it was.</summary>
    public static string? Problem { get; private set; }

    public static void Apply()
    {
        try
        {
            // Only returns a number: it does not initialize OpenSSL.
            if (OpenSSL_version_num().Value >= Newer) Path = Beside("tls-policy-3.5.cnf");
            if (!File.Exists(Path))
            {
                Problem = $"{Path}: missing; install imgw again";
                return;
            }

            var settings = OPENSSL_INIT_new();
            // OpenSSL copies the name, so the array need not outlive the call.
            var loaded = OPENSSL_INIT_set_config_filename(settings, Encoding.UTF8.GetBytes(Path + '\0')) == 1
                && OPENSSL_init_ssl(LoadConfig, settings) == 1;
            OPENSSL_INIT_free(settings);
            if (!loaded) Problem = $"{Path}: OpenSSL could not load it";
        }
        catch (DllNotFoundException)
        {
            Problem = "OpenSSL 3 (libssl.so.3) is missing; install Debian's libssl3 or your distribution's OpenSSL 3";
        }
    }

    static string Beside(string file) => System.IO.Path.Combine(AppContext.BaseDirectory, file);

    [DllImport("libcrypto.so.3", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern CULong OpenSSL_version_num();

    [DllImport("libcrypto.so.3", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern IntPtr OPENSSL_INIT_new();

    [DllImport("libcrypto.so.3", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int OPENSSL_INIT_set_config_filename(IntPtr settings, byte[] fileName);

    [DllImport("libcrypto.so.3", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern void OPENSSL_INIT_free(IntPtr settings);

    [DllImport("libssl.so.3", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int OPENSSL_init_ssl(ulong options, IntPtr settings);
}
