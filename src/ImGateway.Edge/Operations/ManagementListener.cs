using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ImGateway.Edge.Operations;

/// <summary>A feature of every connection that came in on a management listener: the port number alone would not tell two listeners of one port apart.</summary>
sealed class ManagementListener
{
    static readonly ManagementListener Mark = new();

    public static void Configure(ListenOptions listen) => listen.Use(next => connection =>
    {
        connection.Features.Set(Mark);
        return next(connection);
    });

    public static bool Owns(HttpContext context) => context.Features.Get<ManagementListener>() is not null;
}
