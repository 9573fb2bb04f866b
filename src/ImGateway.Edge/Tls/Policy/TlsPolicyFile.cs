using System.Runtime.InteropServices;
using System.Text;

namespace ImGateway.Edge.Tls.Policy;

/// <summary>
/// Loads <c>tls-policy.cnf</c> into OpenSSL, or <c>tls-policy-3.5.cnf</c> from 3.5 on. Must be the first act of <c>Main</c>: once .NET has used any
/// cryptography the call still succeeds and changes nothing, which <see cref="TlsPolicySelfTest"/> would find.
/// </summary>
public static class TlsPolicyFile
{
    const ulong LoadConfig = 0x40; // OPENSSL_INIT_LOAD_CONFIG

    /// <summary>OPENSSL_VERSION_NUMBER(3) of 3.5.0: the first with X25519MLKEM768 and with the syntax that prefers it.</summary>
    const nuint Newer = 0x30500000;

    public static LoadedTlsPolicy Apply()
    {
        try
        {
            // Only returns a number: it does not initialize OpenSSL.
            var path = Beside(OpenSSL_version_num().Value >= Newer ? "tls-policy-3.5.cnf" : "tls-policy.cnf");
            return Applied(path, !File.Exists(path) ? $"{path}: missing; install imgw again" : TryLoad(path) ? null : $"{path}: OpenSSL could not load it");
        }
        catch (DllNotFoundException)
        {
            return Applied(Beside("tls-policy.cnf"), "OpenSSL 3 (libssl.so.3) is missing; install Debian's libssl3 or your distribution's OpenSSL 3");
        }
    }

    static LoadedTlsPolicy Applied(string path, string? problem) => new(path, problem, "restore the file as shipped");

    static bool TryLoad(string path)
    {
        var settings = OPENSSL_INIT_new();
        // OpenSSL copies the name, so the array need not outlive the call.
        var loaded = OPENSSL_INIT_set_config_filename(settings, Encoding.UTF8.GetBytes(path + '\0')) == 1
            && OPENSSL_init_ssl(LoadConfig, settings) == 1;
        OPENSSL_INIT_free(settings);
        return loaded;
    }

    static string Beside(string file) => Path.Combine(AppContext.BaseDirectory, file);

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
